"""The Celery application: how doorbells travel. It loads no torch, so the API may send through it.

The row in SQL is the truth and a message only a doorbell that carries one run id: nothing here keeps results or acknowledges late, and
messages go to their queue by its name alone, so that a broker that came back empty has no binding to miss.
"""

from typing import Any

from celery import Celery
from kombu.entity import Queue

TASK = "runtwice.train"
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 0.5


def broker_queue(queue: str) -> str:
    """The queue's name in the broker, which other services may share."""
    return f"runtwice.{queue}"


def sender(broker_url: str) -> Celery:
    """For those who ring: they wait a second or two for a broker that does not answer, and never try for long."""
    transport = {"socket_timeout": ANSWER_TIMEOUT_S, "max_retries": 1, "interval_start": 0, "interval_step": 0}
    return _application(broker_url, transport, ())


def receiver(broker_url: str, queues: tuple[str, ...]) -> Celery:
    """For a worker: it takes a doorbell only when a thread is free, and looks for its broker for ever."""
    return _application(broker_url, {}, queues)


def _application(broker_url: str, transport: dict[str, Any], queues: tuple[str, ...]) -> Celery:
    app = Celery("runtwice", broker=broker_url, set_as_current=False)
    app.conf.update(
        broker_connection_timeout=CONNECT_TIMEOUT_S,
        broker_transport_options={"socket_connect_timeout": CONNECT_TIMEOUT_S, **transport},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_queues=[Queue(broker_queue(name)) for name in queues] or None,  # type: ignore[no-untyped-call]
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=False,
        task_track_started=False,
        worker_disable_prefetch=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return app
