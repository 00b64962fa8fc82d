"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A machine that is busy makes examples slowly; that says nothing about azenv.
settings.register_profile("azenv", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("azenv")

# In the background of a script Ctrl-C is ignored, and whatever is started there inherits that: no
# shell can trap what was ignored when it began.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
