/* Loaded before the C library: file operations fail with EIO while the file named by FAULTS says so. Each of its lines is an operation and a
   part of a path: "write checkpoint."; with "$" at its end, the path ends there. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int (*real_open)(const char *, int, ...);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_write)(int, const void *, size_t);

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static int fails(const char *operation, const char *path) {
    const char *faults = getenv("FAULTS");
    char text[4096], name[64], part[1024];
    if (!faults || !path) return 0;
    if (!real_open) real_open = next("open");
    if (!real_read) real_read = next("read");
    int file = real_open(faults, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t length = real_read(file, text, sizeof text - 1);
    close(file);
    text[length < 0 ? 0 : length] = 0;
    size_t path_length = strlen(path);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (sscanf(line, "%63s %1023s", name, part) == 2 && !strcmp(name, operation)) {
            size_t last = strlen(part) - 1;
            if (part[last] != '$' && strstr(path, part)) return 1;
            if (part[last] == '$' && path_length >= last && !strncmp(path + path_length - last, part, last)) return 1;
        }
    return 0;
}

static int fails_on(const char *operation, int file) {
    char link[64], path[4096];
    if (!getenv("FAULTS")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(operation, path);
}

#define IO_ERROR(condition) if (condition) { errno = EIO; return -1; }

ssize_t write(int file, const void *bytes, size_t length) {
    if (!real_write) real_write = next("write");
    IO_ERROR(file > 2 && fails_on("write", file));
    return real_write(file, bytes, length);
}

ssize_t read(int file, void *bytes, size_t length) {
    if (!real_read) real_read = next("read");
    IO_ERROR(file > 2 && fails_on("read", file));
    return real_read(file, bytes, length);
}

int fsync(int file) {
    static int (*real)(int);
    if (!real) real = next("fsync");
    IO_ERROR(fails_on("sync", file));
    return real(file);
}

int fdatasync(int file) {
    static int (*real)(int);
    if (!real) real = next("fdatasync");
    IO_ERROR(fails_on("sync", file));
    return real(file);
}

int rename(const char *from, const char *to) {
    static int (*real)(const char *, const char *);
    if (!real) real = next("rename");
    IO_ERROR(fails("rename", from));
    return real(from, to);
}

/* libfaketime changes the time of day that the Kafka client reads, and not the cnd_timedwait that it waits until a time of day with: without
   this, a wait of 50 ms would last as much longer as the clock was set. */
int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until) {
    static int (*real)(cnd_t *, mtx_t *, const struct timespec *);
    struct timespec shown, true_time, end = *until;
    if (!real) real = next("cnd_timedwait");
    clock_gettime(CLOCK_REALTIME, &shown);
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &true_time);
    end.tv_sec -= shown.tv_sec - true_time.tv_sec;
    return real(condition, mutex, &end);
}
