# ruff: noqa: F401
"""Imports every module that defines a kind of rule, so that :data:`monitor.rules.model.KINDS` is whole.

A new kind adds its module here and nowhere else.
"""

import monitor.rules.callstate
import monitor.rules.hangup
import monitor.rules.hold
import monitor.rules.intent
import monitor.rules.manual
import monitor.rules.measure
import monitor.rules.model
import monitor.rules.protocol
import monitor.rules.reply
import monitor.rules.require
import monitor.rules.silent
