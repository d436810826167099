"""The browser application: pages and JSON API. Each parses, calls one action, shows the answer."""

from evisynth.web.checkup import examine_server
from evisynth.web.server import (
    backup_server,
    bring_server_up_to_date,
    drop_second_factor,
    housekeeping,
    make_account,
    prepare_server,
    run_server,
)
from evisynth.web.server_config import (
    CONFIG_NAME,
    ServerConfig,
    example_config,
    read_config,
    read_config_text,
)
from evisynth.web.serving import Served, application, prepare, serve_review

__all__ = [
    "CONFIG_NAME",
    "Served",
    "ServerConfig",
    "application",
    "backup_server",
    "bring_server_up_to_date",
    "drop_second_factor",
    "examine_server",
    "example_config",
    "housekeeping",
    "make_account",
    "prepare",
    "prepare_server",
    "read_config",
    "read_config_text",
    "run_server",
    "serve_review",
]
