"""``python -m vinet_ros.cli`` is ``vinet``."""

from vinet_ros.cli import main

main()
