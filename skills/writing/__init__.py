"""What `skills.text` is made of: reading a file, taking text apart, counting."""
