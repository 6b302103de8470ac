"""The broker of files: a message is whole, and one worker's."""

import threading
from pathlib import Path
from queue import Empty

import pytest
from kombu import Connection, Exchange, Queue

from config import file_broker

DOORBELLS = Queue("doorbells", Exchange("doorbells", type="direct"), routing_key="doorbells")


@pytest.fixture
def folders(tmp_path):
    for name in ("messages", "control", "processed"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def connect(folders: Path):
    """Opens connections as the Celery app does."""
    file_broker.register()
    options = {
        "data_folder_in": str(folders / "messages"),
        "data_folder_out": str(folders / "messages"),
        "control_folder": str(folders / "control"),
        "processed_folder": str(folders / "processed"),
    }
    opened: list[Connection] = []

    def connected() -> Connection:
        opened.append(Connection("filesystem://", transport_options=options))
        return opened[-1]

    yield connected
    for connection in opened:
        connection.release()


def everything(queue) -> list:
    found = []
    try:
        while True:
            message = queue.get_nowait()
            message.ack()
            found.append(message.payload)
    except queue.Empty:
        return found


def test_messages_come_out_as_they_went_in_and_leave_no_files(connect, folders):
    queue = connect().SimpleQueue(DOORBELLS)
    for number in range(3):
        queue.put({"lane": number})

    assert everything(queue) == [{"lane": 0}, {"lane": 1}, {"lane": 2}]
    assert list((folders / "messages").iterdir()) == list((folders / "processed").iterdir()) == []


def test_a_message_that_is_still_being_written_is_not_taken(connect, folders, monkeypatch):
    channel = connect().channel()
    looked: list[str] = []

    def look_before_it_is_whole(draft: Path, text: str) -> int:
        """Stands for the disk: when half is written, another worker polls."""
        with draft.open("w") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            try:
                looked.append(channel._get("doorbells"))
            except Empty:
                looked.append("nothing")
            return file.write(text[len(text) // 2 :])

    monkeypatch.setattr(Path, "write_text", look_before_it_is_whole)
    channel._put("doorbells", {"lane": 1})

    assert looked == ["nothing"]
    assert channel._get("doorbells") == {"lane": 1}


def test_a_message_is_given_to_one_of_many_who_ask_at_once(connect):
    channels = [connect().channel() for _ in range(4)]
    for number in range(200):
        channels[0]._put("doorbells", number)
    taken: list[int] = []

    def take_all(channel) -> None:
        try:
            while True:
                taken.append(channel._get("doorbells"))
        except Empty:
            return

    threads = [threading.Thread(target=take_all, args=(channel,)) for channel in channels]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(200))


def test_a_file_cut_off_by_a_power_failure_ends_no_worker(connect, folders):
    channel = connect().channel()
    (folders / "messages" / "1_cut.doorbells.msg").write_text("")
    channel._put("doorbells", "whole")

    assert channel._get("doorbells") == "whole"
    with pytest.raises(Empty):
        channel._get("doorbells")


def test_a_table_of_queues_cut_off_by_a_power_failure_is_written_anew(connect, folders):
    (folders / "control" / "bells.exchange").write_text("")
    bells = Queue("bells", Exchange("bells", type="direct"), routing_key="bells")  # bound by no other test's process

    connect().SimpleQueue(bells).put("ring")

    assert everything(connect().SimpleQueue(bells)) == ["ring"]


def test_queues_bound_by_many_at_once_are_all_kept(connect):
    channels = [connect().channel() for _ in range(8)]

    def bind(number: int) -> None:
        for each in range(10):
            channels[number]._queue_bind("doorbells", "key", "", f"queue-{number}-{each}")

    threads = [threading.Thread(target=bind, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({bound.queue for bound in channels[0].get_table("doorbells")}) == 80
