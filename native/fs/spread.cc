#include "fs/spread.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

namespace orlop::fs {

bool spread_subdirectories(int directory) {
  // The kernel reads and writes an int, whatever the number of the request says (ioctl_iflags(2)).
  int flags = 0;
  if (ioctl(directory, FS_IOC_GETFLAGS, &flags) != 0) return false;
  flags |= FS_TOPDIR_FL;
  return ioctl(directory, FS_IOC_SETFLAGS, &flags) == 0;
}

}  // namespace orlop::fs
