/* Shifts the clock of a process by HEADCOUNT_CLOCK_SHIFT seconds, when it is preloaded. Time goes on as usual. */

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    /* The environment is read anew, because the allocator asks for the time before anything is set up. */
    const char *shift = clock == CLOCK_REALTIME ? getenv("HEADCOUNT_CLOCK_SHIFT") : NULL;
    if (!failed && shift) now->tv_sec += atol(shift);
    return failed;
}
