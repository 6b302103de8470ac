"""Other hosts that fall silent: after how long a connection to one counts as gone.

A cable that is pulled out, a firewall that forgets or a host that loses its power says no farewell. Linux would wait for its
answer for a quarter of an hour, and for its next word for ever; a thread that waits does nothing else.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the settings import this module, before there is a database
    from django.db.backends.base.base import BaseDatabaseWrapper

CONNECT_SECONDS = 5


def of_postgres(seconds: int) -> dict[str, int]:
    """Connection parameters by which this side gives up. Source: PostgreSQL's documentation, libpq, parameter key words."""
    idle, interval, count = _probing(seconds)
    return {
        # A server whose disk stalls takes its time to begin a session, and is there all the same.
        "connect_timeout": max(CONNECT_SECONDS, seconds // 2),
        "keepalives_idle": idle,
        "keepalives_interval": interval,
        "keepalives_count": count,
        "tcp_user_timeout": seconds * 1000,
    }


def of_redis(seconds: int) -> dict[str, Any]:
    """Transport options of Celery's broker. AMQP has heartbeats, and its driver sets the socket up by itself."""
    idle, interval, count = _probing(seconds)
    wanted = {
        "TCP_KEEPIDLE": idle,
        "TCP_KEEPINTVL": interval,
        "TCP_KEEPCNT": count,
        "TCP_USER_TIMEOUT": seconds * 1000,
    }
    known = {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}
    return {"socket_connect_timeout": CONNECT_SECONDS, "socket_keepalive": True, "socket_keepalive_options": known}


def tell_postgres(connection: BaseDatabaseWrapper, seconds: int) -> None:
    """Have the server, too, give up a session of ours that has fallen silent, and with it what the session has locked.

    Its own settings wait for two hours. What is in the middle of a transaction may also be a process that was suspended,
    whose host still answers. Not a part of the connection parameters, since PgBouncer refuses those that it does not know.
    """
    idle, interval, count = _probing(seconds)
    told = {
        "tcp_keepalives_idle": f"{idle}s",
        "tcp_keepalives_interval": f"{interval}s",
        "tcp_keepalives_count": str(count),
        "tcp_user_timeout": f"{seconds}s",
        "idle_in_transaction_session_timeout": f"{seconds}s",
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(['set_config(%s, %s, false)'] * len(told))}",
            [word for pair in told.items() for word in pair],
        )


def _probing(seconds: int) -> tuple[int, int, int]:
    """How long nothing may be said before it is asked, how far apart the questions are, and how many go unanswered."""
    interval = max(1, seconds // 6)
    return max(1, seconds - 3 * interval), interval, 3
