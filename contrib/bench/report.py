# SPDX-License-Identifier: Apache-2.0
"""The report, of which there is only the name yet."""


def page(*_):
    return ""


def waterfall_alone(*_):
    return ""
