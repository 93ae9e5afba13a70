"""Everything that is kept, put together around one database."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.boundary import Watch
from core.cache import Cache
from core.channels import Channels
from core.closing import Closing
from core.company import Companies
from core.config import Config
from core.embedding import SentenceEncoder
from core.facts import Facts
from core.feedback import Feedback
from core.files import Files
from core.forgetting import Forgetting
from core.identity import Identity
from core.journal import Journal
from core.memory import Memory
from core.notebook import Keeper
from core.passages import Passages
from core.personal import Personal
from core.policy import Admins
from core.store import Store
from core.sweeping import DAY, HOUR, Round
from core.usage import Usages
from core.vectors import Vectors
from core.wishes import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept; made by `keep`.

    Attributes:
        vectors: find passages by their meaning; None where that is not configured.
    """

    store: Store
    files: Files
    memory: Memory
    journal: Journal
    wishes: Wishes
    cache: Cache
    channels: Channels
    companies: Companies
    facts: Facts
    feedback: Feedback
    identity: Identity
    keeper: Keeper
    usages: Usages
    personal: Personal
    forgetting: Forgetting
    closing: Closing
    vectors: Vectors | None

    def rounds(self) -> Sequence[Round]:
        """Return what has to be swept, and how often."""
        return (
            Round(name="turns that failed long ago", every=HOUR, work=self.journal.sweep),
            Round(name="results in the cache", every=HOUR, work=self.cache.sweep),
            Round(name="files", every=HOUR, work=self.files.sweep),
            Round(name="what is not to be remembered", every=HOUR, work=self.forgetting.unremembered),
            Round(name="what was kept long enough", every=DAY, work=self.forgetting.expire),
            Round(name="the disk", every=HOUR, work=self.forgetting.tidy),
        )


def keep(config: Config, store: Store, *, watch: Watch) -> Kept:
    """Put together what is kept in a database.

    Args:
        config: the settings.
        store: the database.
        watch: is told each boundary of a turn's life.

    Raises:
        OperatorError: an extra that is configured is not installed.
    """
    memory = Memory(store, turns=config.memory.turns, tokens=config.memory.tokens)
    vectors = Vectors(store, SentenceEncoder()) if config.memory.search == "meaning" else None
    files, journal, companies = (
        Files(store, config.files_dir, config.files),
        Journal(store, memory, watch=watch),
        Companies(store),
    )
    facts, identity = Facts(store), Identity(store)
    return Kept(
        store=store,
        files=files,
        memory=memory,
        journal=journal,
        wishes=Wishes(store, files, watch=watch),
        cache=Cache(store),
        channels=Channels(store),
        companies=companies,
        facts=facts,
        feedback=Feedback(store),
        identity=identity,
        keeper=Keeper(facts=facts, passages=Passages(store, vectors), identity=identity, admins=Admins(config.admins)),
        usages=Usages(store),
        personal=Personal(store, files),
        forgetting=Forgetting(
            store=store,
            files=files,
            journal=journal,
            companies=companies,
            config=config.memory,
            written=[config.data_dir / name for name in ("chat.log", "chat.history")],
        ),
        closing=Closing(store),
        vectors=vectors,
    )
