/*
 * Loaded before libc (LD_PRELOAD) into a process under test. It writes down, in one order, everything that the process
 * does to the files below FAULTS_DIRECTORY, so that a power cut at any moment can be played afterwards; and it makes the
 * n-th call of a kind fail. One lock is held over each call and its record: what is recorded first happened first.
 *
 * A record: kind (1), flags (1), length of the name (2), length of the bytes (4), offset or number (8), inode (8), name,
 * bytes. All little-endian. DiskLog.cs reads it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, SYNC, TRUNCATE, UNLINK, RENAME, DIRECTORY_SYNC, MARK };
enum { ON_WRITE = 1, ON_SYNC, ON_TRUNCATE, ON_OPEN, ON_READ, ON_UNLINK, KINDS };

#define FILES 65536
#define SHORT_WRITE (-1)

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static char directory[4096];
static size_t directory_length;
static int log_file = -1;
static unsigned char watched[FILES]; /* 1: a file, 2: a directory */
static long calls[KINDS];
static int fault_kind, fault_errno, fault_failed;
static long fault_from, fault_to;

static int (*real_open)(const char *, int, ...);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static ssize_t (*real_pread)(int, void *, size_t, off64_t);
static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off64_t);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);

__attribute__((constructor)) static void begin(void)
{
    real_open = dlsym(RTLD_NEXT, "open64");
    real_openat = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
    real_pread = dlsym(RTLD_NEXT, "pread64");
    real_write = dlsym(RTLD_NEXT, "write");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    const char *name = getenv("FAULTS_DIRECTORY");
    if (name) {
        snprintf(directory, sizeof directory, "%s", name);
        directory_length = strlen(directory);
    }
    name = getenv("FAULTS_LOG");
    if (name) log_file = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int concerns(const char *path)
{
    return directory_length && path && strncmp(path, directory, directory_length) == 0
        && (path[directory_length] == '/' || path[directory_length] == 0);
}

static void put(int kind, uint64_t number, uint64_t inode, const char *name, const void *bytes, size_t count)
{
    if (log_file < 0) return;
    size_t name_length = name ? strlen(name) : 0;
    unsigned char head[24] = { (unsigned char)kind, 0 };
    uint16_t short_length = (uint16_t)name_length;
    uint32_t length = (uint32_t)count;
    memcpy(head + 2, &short_length, 2);
    memcpy(head + 4, &length, 4);
    memcpy(head + 8, &number, 8);
    memcpy(head + 16, &inode, 8);
    struct iovec parts[3] = { { head, sizeof head }, { (void *)name, name_length }, { (void *)bytes, count } };
    if (syscall(SYS_writev, log_file, parts, 3) != (long)(sizeof head + name_length + count)) abort();
}

/* Whether this call has to fail. Under the gate. */
static int fails(int kind)
{
    long number = ++calls[kind];
    if (kind != fault_kind || number < fault_from || number > fault_to) return 0;
    fault_failed++;
    return 1;
}

static uint64_t inode_of(int file)
{
    struct stat found;
    return fstat(file, &found) == 0 ? found.st_ino : 0;
}

static int watch(int file, const char *path, int flags, int existed)
{
    struct stat found;
    if (file < 0 || file >= FILES || fstat(file, &found)) return file;
    watched[file] = S_ISDIR(found.st_mode) ? 2 : 1;
    if (!existed && S_ISREG(found.st_mode)) put(CREATE, 0, found.st_ino, path, NULL, 0);
    else if ((flags & O_TRUNC) && S_ISREG(found.st_mode)) put(TRUNCATE, 0, found.st_ino, NULL, NULL, 0);
    return file;
}

static int open_watched(const char *path, int flags, int mode)
{
    pthread_mutex_lock(&gate);
    int result;
    if (fails(ON_OPEN)) {
        errno = fault_errno;
        result = -1;
    } else {
        int existed = access(path, F_OK) == 0;
        result = watch(real_open(path, flags, mode), path, flags, existed);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

static int any_open(const char *path, int flags, int mode)
{
    return concerns(path) ? open_watched(path, flags, mode) : real_open(path, flags, mode);
}

#define MODE_OF(flags) \
    int mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, int); va_end(rest); }

int open(const char *path, int flags, ...) { MODE_OF(flags) return any_open(path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return any_open(path, flags, mode); }

static int any_openat(int at, const char *path, int flags, int mode)
{
    return concerns(path) ? open_watched(path, flags, mode) : real_openat(at, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) { MODE_OF(flags) return any_openat(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE_OF(flags) return any_openat(at, path, flags, mode); }

int close(int file)
{
    if (file >= 0 && file < FILES) watched[file] = 0;
    return real_close(file);
}

static int is_watched(int file) { return file >= 0 && file < FILES && watched[file]; }

static ssize_t write_watched(int file, const void *bytes, size_t count, off64_t at)
{
    pthread_mutex_lock(&gate);
    ssize_t done;
    int failing = fails(ON_WRITE);
    if (failing && fault_errno != SHORT_WRITE) {
        errno = fault_errno;
        done = -1;
    } else {
        if (failing && count > 1) count /= 2;
        if (at < 0) {
            int flags = fcntl(file, F_GETFL);
            off64_t here = lseek64(file, 0, (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
            done = real_write(file, bytes, count);
            at = here;
        } else {
            done = real_pwrite(file, bytes, count, at);
        }
        if (done > 0) put(WRITE, (uint64_t)at, inode_of(file), NULL, bytes, (size_t)done);
    }
    pthread_mutex_unlock(&gate);
    return done;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at)
{
    return is_watched(file) ? write_watched(file, bytes, count, at) : real_pwrite(file, bytes, count, at);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) { return pwrite64(file, bytes, count, at); }

ssize_t write(int file, const void *bytes, size_t count)
{
    return is_watched(file) ? write_watched(file, bytes, count, -1) : real_write(file, bytes, count);
}

/* A short read is tried again by whoever reads files; only errors are worth playing. */
ssize_t pread64(int file, void *bytes, size_t count, off64_t at)
{
    if (is_watched(file)) {
        pthread_mutex_lock(&gate);
        int failing = fails(ON_READ);
        pthread_mutex_unlock(&gate);
        if (failing) {
            errno = fault_errno;
            return -1;
        }
    }
    return real_pread(file, bytes, count, at);
}

ssize_t pread(int file, void *bytes, size_t count, off_t at) { return pread64(file, bytes, count, at); }

static int sync_watched(int file, int (*real)(int))
{
    pthread_mutex_lock(&gate);
    int result;
    if (fails(ON_SYNC)) {
        errno = fault_errno;
        result = -1;
    } else {
        result = real(file);
        if (result == 0) {
            put(watched[file] == 2 ? DIRECTORY_SYNC : SYNC, 0, inode_of(file), NULL, NULL, 0);
        }
    }
    pthread_mutex_unlock(&gate);
    return result;
}

int fsync(int file) { return is_watched(file) ? sync_watched(file, real_fsync) : real_fsync(file); }
int fdatasync(int file) { return is_watched(file) ? sync_watched(file, real_fdatasync) : real_fdatasync(file); }

int ftruncate64(int file, off64_t length)
{
    if (!is_watched(file)) return real_ftruncate(file, length);
    pthread_mutex_lock(&gate);
    int result;
    if (fails(ON_TRUNCATE)) {
        errno = fault_errno;
        result = -1;
    } else {
        result = real_ftruncate(file, length);
        if (result == 0) put(TRUNCATE, (uint64_t)length, inode_of(file), NULL, NULL, 0);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

int ftruncate(int file, off_t length) { return ftruncate64(file, length); }

int unlink(const char *path)
{
    if (!concerns(path)) return real_unlink(path);
    pthread_mutex_lock(&gate);
    int result;
    if (fails(ON_UNLINK)) {
        errno = fault_errno;
        result = -1;
    } else {
        result = real_unlink(path);
        if (result == 0) put(UNLINK, 0, 0, path, NULL, 0);
    }
    pthread_mutex_unlock(&gate);
    return result;
}

int rename(const char *from, const char *to)
{
    if (!concerns(from)) return real_rename(from, to);
    pthread_mutex_lock(&gate);
    int result = real_rename(from, to);
    if (result == 0) put(RENAME, 0, 0, from, to, strlen(to));
    pthread_mutex_unlock(&gate);
    return result;
}

/* The process says that it has acknowledged a number. */
void faults_mark(int64_t number)
{
    pthread_mutex_lock(&gate);
    put(MARK, (uint64_t)number, 0, NULL, NULL, 0);
    pthread_mutex_unlock(&gate);
}

/* From now on this directory is watched, and the calls from..to of the kind fail; kind 0: none does. */
void faults_arm(const char *watch_directory, int kind, int error, long from, long to)
{
    pthread_mutex_lock(&gate);
    snprintf(directory, sizeof directory, "%s", watch_directory);
    directory_length = strlen(directory);
    memset(calls, 0, sizeof calls);
    fault_kind = kind;
    fault_errno = error;
    fault_from = from;
    fault_to = to;
    fault_failed = 0;
    pthread_mutex_unlock(&gate);
}

/* How often the kind was called since the last arming; of kind 0: how many calls were made to fail. */
long faults_count(int kind) { return kind ? calls[kind] : fault_failed; }
