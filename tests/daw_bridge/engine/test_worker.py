import multiprocessing
import os
import signal
import time

from daw_bridge.engine.worker import worker_main


def test_worker_ignores_ctrl_c_and_exits_when_the_pipe_closes() -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=worker_main, args=(theirs,))
    process.start()
    theirs.close()
    assert process.pid is not None
    time.sleep(1.5)
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.1)
    assert process.is_alive()
    ours.close()
    process.join(3.0)
    assert process.exitcode == 0
