"""What holds for every test."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A machine that is busy makes examples slowly; that says nothing about azenv.
settings.register_profile("azenv", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("azenv")
