"""SQS as the readers of events need it: long polls, two readers, nothing lost."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.local.machines import Account, unique

MESSAGES = 150

# A message comes between the last look at the old list of messages and the new list that takes its place.
RACE = """
import threading
from moto.sqs.models import Message, Queue, SQSBackend
if "guarded" in sys.argv:
    from airflow_sfn_ml.local import queues
    queues.patches.apply()
queue = Queue("race", "us-east-1", "123456789012")
queue.add_message(Message("1", "old"))
queue._messages[0].mark_received(30)
handle = queue._messages[0].receipt_handle

class Watched(list):
    def __iter__(self):
        yield from super().__iter__()
        coming = threading.Thread(target=queue.add_message, args=[Message("2", "new")])
        others.append(coming)
        coming.start()
        coming.join(0.5)

others = []
queue._messages = Watched(queue._messages)
queue.delete_message(handle)
for other in others:
    other.join()
print([message.body for message in queue._messages])
"""


def queue(account: Account) -> str:
    return str(account.aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"])


def test_two_readers_get_every_message_once_while_they_come(account: Account) -> None:
    url = queue(account)
    found: Counter[str] = Counter()
    lock = threading.Lock()

    def write(start: int) -> None:
        sqs = account.aws.client("sqs")
        for number in range(start, MESSAGES, 3):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))

    def read() -> None:
        sqs = account.aws.client("sqs")
        deadline = time.monotonic() + 60
        while sum(found.values()) < MESSAGES and time.monotonic() < deadline:
            got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", [])
            with lock:
                found.update(message["Body"] for message in got)
            entries = [{"Id": str(i), "ReceiptHandle": each["ReceiptHandle"]} for i, each in enumerate(got)]
            if entries:
                answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
                assert len(answer["Successful"]) == len(entries)

    with ThreadPoolExecutor(5) as pool:
        running = [pool.submit(read), pool.submit(read), *(pool.submit(write, start) for start in range(3))]
        for each in running:
            each.result()
    assert found == Counter(str(number) for number in range(MESSAGES))


def test_a_reader_that_waits_wakes_when_another_gives_a_message_back(account: Account) -> None:
    url, sqs = queue(account), account.aws.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="for you")
    (mine,) = sqs.receive_message(QueueUrl=url)["Messages"]
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(account.aws.client("sqs").receive_message, QueueUrl=url, WaitTimeSeconds=20)
        entry = {"Id": "0", "ReceiptHandle": mine["ReceiptHandle"], "VisibilityTimeout": 0}
        answer = sqs.change_message_visibility_batch(QueueUrl=url, Entries=[entry])
        assert [each["Id"] for each in answer["Successful"]] == ["0"]
        assert [each["Body"] for each in other.result(timeout=15)["Messages"]] == ["for you"]


def test_a_long_poll_of_an_empty_queue_ends_when_its_time_is_over(account: Account) -> None:
    url, sqs = queue(account), account.aws.client("sqs")
    began = time.monotonic()
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize(("way", "left"), [("guarded", "['new']\n"), ("as moto does", "[]\n")])
def test_a_message_that_comes_while_another_is_deleted_stays(way: str, left: str) -> None:
    code = "import sys\n" + RACE
    printed = subprocess.run([sys.executable, "-c", code, way], capture_output=True, text=True, check=True)
    assert printed.stdout == left
