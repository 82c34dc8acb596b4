"""What a command may end with when it could not do its work: a sentence, what to do about it, and an exit code."""

DONE = 0
NO = 1  # the answer is no: a different verdict, a failed run, a failed check, a service that would not start
NOT_COMPARABLE = 2
NOT_DONE = 3  # the service refused, was not reached, or the input could not be read
CANCELLED = 4
CRASHED = 5
WRONG_USAGE = 64  # EX_USAGE of sysexits.h
OUR_FAULT = 70  # EX_SOFTWARE
INTERRUPTED = 130


class CliError(Exception):
    """Shown without a traceback: what went wrong, and what to do."""

    def __init__(self, sentence: str, todo: str = "", exit_code: int = NOT_DONE) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.todo = todo
        self.exit_code = exit_code


class NotStarted(CliError):
    """The service of `runtwice up` could not be started."""

    def __init__(self, sentence: str, todo: str = "") -> None:
        super().__init__(sentence, todo, NO)
