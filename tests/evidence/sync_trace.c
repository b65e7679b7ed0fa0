/* Writes down, in order, what a process writes and syncs; preloaded by test_crash.py.
 *
 * One line per call in the file SYNC_TRACE names:
 *   W offset length path    pwrite or write to a file under SYNC_TRACE_ROOT
 *   S path                  fsync or fdatasync of such a file or directory
 *   A length                write to stdout: an acknowledgement
 *
 * Preloaded by test_promote_faults.py it fails calls instead: sync_trace_arm(n, full) lets
 * n - 1 writes, syncs, truncations and renames under SYNC_TRACE_ROOT pass. Before the n-th
 * the process is gone; or, full, that and each later write and sync finds no space left.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_rename)(const char *, const char *);
static int trace = -1;
static const char *root;
static long countdown; /* calls until the armed one; 0 while nothing is armed */
static int disk_full;

__attribute__((constructor)) static void start(void)
{
    const char *name = getenv("SYNC_TRACE");
    real_write = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    real_pwrite64 = (ssize_t (*)(int, const void *, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
    real_fsync = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate64 = (int (*)(int, off64_t))dlsym(RTLD_NEXT, "ftruncate64");
    real_rename = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    root = getenv("SYNC_TRACE_ROOT");
    if (name != NULL && root != NULL)
        trace = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Path behind a descriptor, or NULL if it is none of ours. */
static const char *watched(int fd)
{
    static __thread char path[PATH_MAX];
    char link[64];
    ssize_t length;
    if (root == NULL)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof path - 1);
    if (length < 0)
        return NULL;
    path[length] = '\0';
    return strncmp(path, root, strlen(root)) == 0 ? path : NULL;
}

void sync_trace_arm(long calls, int full)
{
    countdown = calls;
    disk_full = full;
}

/* How many calls are still to come before the armed one: 1 or less once it was reached. */
long sync_trace_left(void)
{
    return countdown;
}

/* Whether a call on this path fails. Exiting, it does not return from the armed one. */
static int strikes(const char *path)
{
    if (countdown == 0 || path == NULL)
        return 0;
    if (countdown > 1) {
        countdown--;
        return 0;
    }
    if (!disk_full)
        _exit(9);
    countdown = -1;
    errno = ENOSPC;
    return 1;
}

static void note(const char *line, int length)
{
    if (trace >= 0 && real_write(trace, line, length) != length)
        abort();
}

static void note_write(int fd, off64_t offset, ssize_t length)
{
    char line[PATH_MAX + 64];
    const char *path = watched(fd);
    if (path != NULL)
        note(line, snprintf(line, sizeof line, "W %lld %zd %s\n", (long long)offset, length, path));
    else if (fd == 1 && trace >= 0)
        note(line, snprintf(line, sizeof line, "A %zd\n", length));
}

static void note_sync(int fd)
{
    char line[PATH_MAX + 64];
    const char *path = watched(fd);
    if (path != NULL)
        note(line, snprintf(line, sizeof line, "S %s\n", path));
}

ssize_t write(int fd, const void *data, size_t length)
{
    off64_t offset = lseek64(fd, 0, SEEK_CUR);
    ssize_t done;
    if (strikes(watched(fd)))
        return -1;
    done = real_write(fd, data, length);
    note_write(fd, offset, done);
    return done;
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset)
{
    ssize_t done;
    if (strikes(watched(fd)))
        return -1;
    done = real_pwrite64(fd, data, length, offset);
    note_write(fd, offset, done);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t offset)
{
    return pwrite64(fd, data, length, offset);
}

int fsync(int fd)
{
    int result = strikes(watched(fd)) ? -1 : real_fsync(fd);
    if (result == 0)
        note_sync(fd);
    return result;
}

int fdatasync(int fd)
{
    int result = strikes(watched(fd)) ? -1 : real_fdatasync(fd);
    if (result == 0)
        note_sync(fd);
    return result;
}

/* Shortening a file and renaming one need no space: only the exit strikes there. */
int ftruncate64(int fd, off64_t length)
{
    if (!disk_full)
        strikes(watched(fd));
    return real_ftruncate64(fd, length);
}

int ftruncate(int fd, off_t length)
{
    return ftruncate64(fd, length);
}

int rename(const char *from, const char *to)
{
    if (!disk_full && root != NULL && strncmp(to, root, strlen(root)) == 0)
        strikes(to);
    return real_rename(from, to);
}
