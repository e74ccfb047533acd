"""Sums for a shop.

>>> total([1, 2])
3
>>> total("ab")
Traceback (most recent call last):
TypeError: unsupported operand type(s) for +: 'int' and 'str'
>>> total([])
1
"""

import logging
import threading
import unittest
from unittest import mock


def total(numbers):
    return sum(numbers)


class TotalTest(unittest.TestCase):
    def test_sum(self):
        self.assertEqual(total([1, 2]), 3)

    def test_wrong(self):
        self.assertEqual(total([1]), 2)

    def test_logs(self):
        with self.assertLogs("shop", "INFO") as logs:
            logging.getLogger("shop").info("one %d", 1)
        self.assertEqual(logs.output, ["INFO:shop:one 1"])

    def test_no_logs(self):
        with self.assertNoLogs("shop"):
            pass

    def test_mocked(self):
        with mock.patch("threading.Thread.start") as start:
            threading.Thread(target=print).start()
        start.assert_called_once_with()
        with mock.patch.object(logging.Logger, "filter", autospec=True, return_value=False) as filter:
            logging.warning("unseen")
        self.assertEqual(filter.call_count, 1)

    def test_raises(self):
        with self.assertRaisesRegex(TypeError, "unsupported"):
            total("ab")

    @unittest.expectedFailure
    def test_expected(self):
        self.fail()

    def test_warns(self):
        with self.assertWarns(DeprecationWarning):
            logging.getLogger("shop").warn("old") if hasattr(logging.Logger, "warn") else None


def test_of_pytest(caplog, capsys, monkeypatch):
    logging.getLogger("shop").warning("caught")
    print("captured")
    assert caplog.messages == ["caught"] and capsys.readouterr().out == "captured\n"
    assert [vars(record).keys() & {"trace_id", "span_id"} for record in caplog.records] == [set()]


def test_of_pytest_fails():
    thread = threading.Thread(target=total, args=("ab",))
    thread.start()
    thread.join()
    assert total([1]) == 2


if __name__ == "__main__":
    print(total([1, 2]))
