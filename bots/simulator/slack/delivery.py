"""Deliveries to the app: attempts, deadlines and the documented repetitions."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bots.simulator.slack.envelope import DeliveryError, Envelope
from bots.simulator.slack.sockets import Sockets
from bots.simulator.slack.webhook import Webhook
from core.messages import JsonObject

DEADLINE = 3.0
RETRY_DELAYS = (0.0, 60.0, 300.0)

Way: TypeAlias = Literal["socket", "http"]


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One event, command or interaction on its way to the app.

    Attributes:
        kind: "events_api", "slash_commands" or "interactive".
        way: over which it goes; None for HTTP where the app has a request URL, else a socket.
        earlier: attempts that were made before these, as the app is told.
        envelopes: the ids of the envelopes it was sent in, one for each attempt.
        acknowledged: the app took it.
        response: what the app answered with the acknowledgement.
        failures: why each failed attempt failed.
    """

    kind: str
    payload: JsonObject = field(repr=False)
    way: Way | None = None
    earlier: int = 0
    envelopes: list[str] = field(default_factory=list)
    acknowledged: bool = False
    response: JsonObject = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


class Courier:
    """Delivers in the background, by HTTP where the app has a request URL and by Socket Mode otherwise.

    Args:
        retry_scale: what the real pauses before repetitions (none, 1 and 5 minutes) are multiplied by.
        deadline: seconds the app has to acknowledge.
    """

    def __init__(self, sockets: Sockets, webhook: Webhook, *, retry_scale: float, deadline: float) -> None:
        self.deliveries: list[Delivery] = []
        self._sockets = sockets
        self._webhook = webhook
        self._delays = tuple(delay * retry_scale for delay in RETRY_DELAYS)
        self._deadline = deadline
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, kind: str, payload: JsonObject, *, way: Way | None = None, earlier: int = 0) -> Delivery:
        """Begin to deliver in the background."""
        delivery = Delivery(kind=kind, payload=payload, way=way, earlier=earlier)
        self.deliveries.append(delivery)
        task = asyncio.create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return delivery

    async def settle(self, timeout: float) -> None:
        """Return once nothing is on its way.

        Raises:
            TimeoutError: something still is.
        """
        async with asyncio.timeout(timeout):
            while self._tasks:
                await asyncio.wait(tuple(self._tasks))

    async def deliver(self, kind: str, payload: JsonObject) -> Delivery:
        """Deliver and return the outcome."""
        delivery = Delivery(kind=kind, payload=payload)
        self.deliveries.append(delivery)
        await self._deliver(delivery)
        return delivery

    async def close(self) -> None:
        """Drop what is on its way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, delivery: Delivery) -> None:
        delays = self._delays if delivery.kind == "events_api" else ()
        for attempt, delay in enumerate((0.0, *delays)):
            await asyncio.sleep(delay)
            try:
                delivery.response = await self._attempt(delivery, attempt)
            except DeliveryError as failure:
                delivery.failures.append(str(failure))
                if str(failure) == "no_retry":
                    return
            else:
                delivery.acknowledged = True
                return

    async def _attempt(self, delivery: Delivery, attempt: int) -> JsonObject:
        envelope = Envelope(
            id=str(uuid.uuid4()),
            kind=delivery.kind,
            payload=delivery.payload,
            attempt=delivery.earlier + attempt,
            reason=delivery.failures[-1] if delivery.failures else "timeout" if delivery.earlier else "",
            deadline=self._deadline,
        )
        delivery.envelopes.append(envelope.id)
        http = self._webhook.url is not None if delivery.way is None else delivery.way == "http"
        return await (self._webhook if http else self._sockets).send(envelope)
