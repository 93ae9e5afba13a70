"""How language models are spoken to: requests encoded and streamed answers decoded, without any I/O."""
