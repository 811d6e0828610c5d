"""Times of the processor and of the clock, for the scripts beside this one."""

import resource
import time


def processor(f):
    """Returns the processor time of f and of the processes that it starts, and how long it took."""

    def spent():
        return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))

    before, start = spent(), time.perf_counter()
    f()
    return spent() - before, time.perf_counter() - start
