"""Reading the files that people send: text and tables, workbooks, documents, PDF, pictures, voice clips.

A file is what its content says it is. It is read in a worker process within limits, and what is in it stands before the
model as data. What is not read is said.

Why these libraries: pypdf (BSD) and python-calamine (MIT) are released every few weeks, are typed, bring nothing with
them, and the first has limits of its own on what it unpacks; python-docx (MIT) is typed and the usual one, and brings
lxml; Pillow (MIT-CMU) comes with matplotlib.
"""

from core.reading.excerpt import without_excerpts
from core.reading.reader import Reader, Reading

__all__ = ["Reader", "Reading", "without_excerpts"]
