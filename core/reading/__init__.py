"""Reading the files that people send: text and tables, workbooks, documents, PDF, pictures, voice clips.

A file is what its content says it is. It is read in a worker process within limits, and what is in it stands before the
model as data. What is not read is said.

Why these libraries: pypdf (BSD) has limits of its own on what it unpacks, and brings only cryptography (Apache, BSD),
for the many PDFs that are encrypted; python-calamine (MIT) is a reader in Rust without more around it; python-docx
(MIT) brings lxml (BSD); Pillow (MIT-CMU) comes with matplotlib. All have type hints and are still cared for.
"""

from core.reading.excerpt import unfenced, without_excerpts
from core.reading.reader import Reader, Reading

__all__ = ["Reader", "Reading", "unfenced", "without_excerpts"]
