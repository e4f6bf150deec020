"""SQS as the readers of events need it: long polls, two readers, nothing lost."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.local.machines import Account, unique

MESSAGES = 150


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
