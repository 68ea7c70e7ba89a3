// --scratch DIR     where directories of containers are made
// --layer DIR       of the image, uppermost first
// --volumes N       bind mounts of --source DIR at /v/1, /v/2, …
// --full            what orlop's default container has
// --network         a network namespace of its own
// --seccomp FILE    a system call filter, as the kernel takes it
// --ahead           make directories before the clock starts
// --wait            containers wait for a request
// --ballast MB      memory of the caller
// --once            start one container and end
#define _GNU_SOURCE
#include "options.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int fail(const char* what) {
  fprintf(stderr, "limit: %s: %s\n", what, strerror(errno));
  return -1;
}

static int read_filter(const char* path, struct sock_fprog* filter) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (file < 0 || fstat(file, &facts) != 0) return fail(path);
  filter->filter = malloc((size_t)facts.st_size);
  filter->len = (unsigned short)((size_t)facts.st_size / sizeof *filter->filter);
  const bool whole = filter->filter != NULL && read(file, filter->filter, (size_t)facts.st_size) == facts.st_size;
  close(file);
  return whole ? 0 : fail(path);
}

// Touched, so that it is resident.
static int hold_memory(size_t megabytes) {
  const size_t size = megabytes << 20;
  char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return fail("ballast");
  memset(memory, 1, size);
  return 0;
}

static void find_thermal(struct settings* settings) {
  char path[300];
  DIR* cpus = opendir("/sys/devices/system/cpu");
  for (struct dirent* entry = cpus == NULL ? NULL : readdir(cpus); entry != NULL; entry = readdir(cpus)) {
    if (strncmp(entry->d_name, "cpu", 3) != 0 || settings->thermal_count == kMaximumThermal) continue;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/%.20s/thermal_throttle", entry->d_name);
    if (access(path, F_OK) != 0) continue;
    snprintf(settings->thermal[settings->thermal_count++], sizeof settings->thermal[0], "%.60s", path + 1);
  }
  if (cpus != NULL) closedir(cpus);
}

static int complete(struct settings* settings) {
  if (settings->scratch == NULL || settings->layer_count == 0 || settings->volumes > kMaximumVolumes ||
      (settings->volumes > 0 && settings->source == NULL)) {
    errno = EINVAL;
    return fail("--scratch, --layer and --source are needed");
  }
  for (int i = 0; i < settings->volumes; i++) {
    snprintf(settings->volume_targets[i], sizeof settings->volume_targets[i], "v/%d", i + 1);
  }
  if (settings->full) find_thermal(settings);
  return 0;
}

int parse_options(int count, char** arguments, struct settings* settings, bool* once) {
  static const struct option kOptions[] = {
      {"scratch", required_argument, NULL, 's'}, {"layer", required_argument, NULL, 'l'},
      {"volumes", required_argument, NULL, 'v'}, {"source", required_argument, NULL, 'o'},
      {"seccomp", required_argument, NULL, 'c'}, {"ballast", required_argument, NULL, 'b'},
      {"full", no_argument, NULL, 'f'},          {"network", no_argument, NULL, 'n'},
      {"ahead", no_argument, NULL, 'a'},         {"wait", no_argument, NULL, 'w'},
      {"once", no_argument, NULL, '1'},          {NULL, 0, NULL, 0}};
  for (int option; (option = getopt_long(count, arguments, "", kOptions, NULL)) != -1;) {
    switch (option) {
      case 's':
        settings->scratch = optarg;
        break;
      case 'l':
        if (settings->layer_count < kMaximumLayers) settings->layers[settings->layer_count++] = optarg;
        break;
      case 'v':
        settings->volumes = atoi(optarg);
        break;
      case 'o':
        settings->source = optarg;
        break;
      case 'c':
        if (read_filter(optarg, &settings->filter) != 0) return -1;
        break;
      case 'b':
        if (hold_memory((size_t)atoi(optarg)) != 0) return -1;
        break;
      case 'f':
        settings->full = true;
        break;
      case 'n':
        settings->network = true;
        break;
      case 'a':
        settings->ahead = true;
        break;
      case 'w':
        settings->wait = true;
        break;
      case '1':
        *once = true;
        break;
      default:
        return -1;
    }
  }
  return complete(settings);
}
