"""Does jobs until it is told to end by the end of its stdin; says how many it did. Usage: busy.py AT_LEAST"""

import select
import sys

import work

done = 0
while done < int(sys.argv[1]) or not select.select([sys.stdin], [], [], 0)[0]:
    work.do("job %d" % done)
    done += 1
    if done == int(sys.argv[1]):
        print("at least", flush=True)
print("done", done)
