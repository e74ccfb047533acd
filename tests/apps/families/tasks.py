"""Tasks of Celery over a broker that is a folder, named by TASKS_FOLDER. Usage: tasks.py JOB… asks for them."""

import os
import pathlib
import signal

import celery

import work

folder = pathlib.Path(os.environ["TASKS_FOLDER"])
for name in ("queue", "processed", "done"):
    (folder / name).mkdir(exist_ok=True)
app = celery.Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": str(folder / "queue"),
    "data_folder_out": str(folder / "queue"),
    "processed_folder": str(folder / "processed"),
    "control_folder": str(folder / "control"),
    "polling_interval": 0.05,
}


@app.task(name="do")
def do(job):
    work.do(job)
    (folder / "done" / job).write_text(str(os.getpid()))
    if job == "kill":
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    import sys

    for job in sys.argv[1:]:
        do.delay(job)
