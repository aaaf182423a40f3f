"""Ctrl-C while a command works."""

import contextlib
import signal

import pytest

from clients.cli.terminal.interrupts import interruptible


def test_an_interrupt_that_was_dropped_is_raised_at_the_next_look() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible() as check:
        check()
        with contextlib.suppress(KeyboardInterrupt):  # as Python does while it destroys an object
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is before
