"""A script of the real wandb SDK that goes on until somebody asks it to stop."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from sdk import Sdk

STOPPED = """
import json, signal, sys, threading, time, wandb
from wandb.sdk.lib import interrupt, run_stopping

ignores, pace_s = sys.argv[2] == "ignores", int(sys.argv[3])
run_stopping.RunStopChecker.__init__.__kwdefaults__["poll_interval"] = pace_s
signal.signal(signal.SIGINT, signal.SIG_IGN if ignores else signal.default_int_handler)  # whatever it inherits
told = threading.Event()

def stop():  # what the SDK does by itself, and a mark that it was done
    interrupt.interrupt_main()
    told.set()

run = wandb.init(project="stops", id=sys.argv[1], settings=wandb.Settings(stop_fn=stop if ignores else None, x_file_stream_transmit_interval=pace_s))
run.log({"x": 1})
over = threading.Event()

def log():  # beside the main thread, for an interrupt to meet no code of the SDK
    while not over.wait(0.1):
        run.log({"y": 1})

threading.Thread(target=log, daemon=True).start()
print("ready", flush=True)
if ignores:
    assert told.wait(90)
else:
    time.sleep(90)
over.set()
run.log({"x": 2})
run.finish()
print(json.dumps("went on to its end"))
"""


@contextmanager
def stoppable(sdk: Sdk, name: str, signals: str = "heeds", pace_s: int = 1) -> Iterator[subprocess.Popen[str]]:
    """The script, which logs to the run `name` of `stops` and heeds or ignores interrupts; the SDK looks every `pace_s` (by itself: 15).

    What has not ended by itself is killed.
    """
    command = [sys.executable, "-c", STOPPED, name, signals, str(pace_s)]
    with subprocess.Popen(command, cwd=sdk.folder, env=sdk.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield process
        finally:
            process.kill()
