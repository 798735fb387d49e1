import sys; sys.dont_write_bytecode=True
import os; os.environ["PERFTRY"]="1"
import lab as L
L.BENCH = L.BUILD / "bench-perf"
from lab import *; from shops import *
import time, threading, subprocess
import shops
lab=Lab()
orig = shops.poll_all
def patched(database, worker, played, count):
    p = subprocess.Popen(f"sleep 3; perf record -q -F 499 --call-graph dwarf,4096 -p {worker.pid} -o /tmp/perf.worker.data -- sleep 3 >/dev/null 2>&1; perf record -q -F 999 -g -a -o /tmp/perf.pg.data -- sleep 4 >/dev/null 2>&1", shell=True) if not os.path.exists("/tmp/perf.worker.data") else None
    r = orig(database, worker, played, count)
    if p: p.wait()
    return r
shops.poll_all = patched
try:
    if os.path.exists("/tmp/perf.worker.data"): os.unlink("/tmp/perf.worker.data")
    print(400, measure_polls(lab,400,1,6000))
finally:
    lab.close()
