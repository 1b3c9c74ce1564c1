/* SPDX-License-Identifier: Apache-2.0 */
/* The shim: one process that holds the containers of a pod for containerd. */
#pragma once

#include "loop/loop.h"
#include "shim/events.h"
#include "ttrpc/ttrpc.h"
