"""Imports every module that defines a kind of rule, so that :data:`monitor.rules.model.KINDS` is whole.

A new kind adds its module here and nowhere else.
"""

import monitor.rules.model  # noqa: F401 - banned
import monitor.rules.silent  # noqa: F401 - silent-call
