import sys; sys.dont_write_bytecode=True
from lab import *; from raw import *; from shops import *
import time, threading, subprocess
lab=Lab()
def prof():
    time.sleep(9)
    subprocess.run("perf record -q -F 299 -g -a -o /tmp/perf.data -- sleep 6 >/dev/null 2>&1", shell=True)
threading.Thread(target=prof).start()
try:
    r=measure_pick_up(lab,100) if 0 else None
    t=time.time(); print(400, measure_polls(lab,400,1,6000), time.time()-t)
    r=measure_pick_up(lab,100)
    print({k:[round(quantile(v,s),2) for s in (.5,.95,.99)] for k,v in r.items()})
finally:
    lab.close()
