/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cs3sim program: prepare the process, then hand over to the command line. */
#include "config.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <unistd.h>

#include "sim/cli/cli.h"

/* A standard stream that the caller closed must not be given to the next file that is opened:
 * results would land in it. Held open the wrong way round, its use fails as it should. */
static void hold_standard_streams(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  hold_standard_streams();
  /* A reader that goes away and a file that may not grow are errors to report, not deaths. */
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  /* Only the character set is the user's: numbers, messages and order are the same everywhere. */
  setlocale(LC_CTYPE, "");
  return cs3_cli_main(argc, argv);
}
