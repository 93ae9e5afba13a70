"""Forgetting a conversation, in every place that keeps something of it."""

from core.company import Companies
from core.files import Files
from core.journal import Journal
from core.memory import Memory
from core.messages import Conversation
from core.store import Store


async def forget(
    conversation: Conversation,
    *,
    store: Store,
    memory: Memory,
    files: Files,
    journal: Journal,
    companies: Companies,
) -> tuple[int, int]:
    """Erase a channel, its threads included; return how many turns and files that were."""
    channel = conversation.channel_key
    async with store.transaction(durable=True) as transaction:
        turns = await memory.forget(transaction, conversation)
        ids = await files.forget(transaction, channel=channel)
        await journal.forget(transaction, channel=channel)
        await companies.forget(transaction, channel=channel)
    await files.erase(ids)
    return turns, len(ids)
