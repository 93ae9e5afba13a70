"""Processes that run blocking skills: limits on time, memory and processor time, and a kill that really ends one.

They are forks of one process (the "forkserver" of `multiprocessing`), which has imported the skills and what these name
in `@skill(preload=…)`; the bot itself never imports the latter. One call at a time runs in a worker. What comes back is
data: JSON and bytes, checked against types, never a pickle, which could run anything in the bot.

Why none of the ready-made pools: `concurrent.futures` cannot end a task that runs (`terminate_workers` and
`kill_workers` of Python 3.14 end the whole pool), nor can loky. Pebble can, on a time limit, but like the other two it
unpickles what its workers send, gives them the bot's environment, and has no other limits.

This keeps a faulty skill from harming the bot. It is no cage for a hostile one, which has the bot's user and network.
"""

from core.workers.pool import Workers

__all__ = ["Workers"]
