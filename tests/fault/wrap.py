#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replace sys/ at link time: write C from the prototypes of its headers.

    wrap.py rename HEADER...   macros that call every sys_X real_sys_X
    wrap.py fault HEADER...    sys_X that count, fail when due, or call real_sys_X
    wrap.py fake HEADER...     sys_X that write a line and call fake_X, which
                               unless somebody defines it returns 0

The renaming header is included before the sources of sys/ themselves, so
that their own calls of each other stay theirs: one call of a room is one
call here. (The linker's --wrap would see only some of those.) The headers
hold plain prototypes; anything else in them stops the build.
"""
import re
import sys

PROTOTYPE = re.compile(
    r'(?P<type>[\w ]+?[ *]+)(?P<name>sys_\w+)\((?P<args>[^()]*)\)'
    r'(?P<attribute> __attribute__.*)?')
PARAMETER = re.compile(r'(?P<type>.+?)(?P<name>\w+)(?P<array>\[\d*\])?')

# ---- what a failure may not touch: these cannot fail, or say so by nothing
SURE = {'sys_exit', 'sys_fs_message', 'sys_getpid',
        'sys_geteuid', 'sys_getegid', 'sys_umask', 'sys_uname',
        # With arguments that are right, which the types make sure of.
        'sys_reset_signals', 'sys_set_signal_mask', 'sys_set_child_subreaper',
        'sys_get_child_subreaper', 'sys_set_pdeathsig', 'sys_set_name'}
# ---- whose work is done when the error comes, as the kernel has it
DONE_FIRST = {'sys_close', 'sys_waitid'}

# ---- how the notes write parameters: by name, and by function where needed
DESCRIPTORS = {'fd', 'dir', 'from_dir', 'to_dir', 'socket', 'cgroup', 'fs',
               'pidfd', 'tty', 'master', 'userns', 'program', 'from', 'to',
               'id'}
WORDS = {('sys_openat', 'flags'): 'open', ('sys_openat2', 'flags'): 'open',
         ('sys_openat2', 'resolve'): 'resolve',
         ('sys_pipe2', 'flags'): 'open',
         ('sys_set_status_flags', 'flags'): 'open',
         ('sys_clone', 'flags'): 'clone', ('sys_unshare', 'flags'): 'clone',
         ('sys_setns', 'flags'): 'clone',
         ('sys_open_tree', 'flags'): 'tree',
         ('sys_move_mount', 'flags'): 'move',
         ('sys_fsmount', 'attributes'): 'attribute',
         ('sys_mount_setattr', 'flags'): 'tree',
         ('sys_mount_setattr', 'set'): 'attribute',
         ('sys_mount_setattr', 'clear'): 'attribute',
         ('sys_mount_setattr', 'propagation'): 'mount',
         ('sys_mount', 'flags'): 'mount', ('sys_umount2', 'flags'): 'umount',
         ('sys_fchownat', 'flags'): 'at', ('sys_fstatat', 'flags'): 'at',
         ('sys_faccessat', 'flags'): 'access',
         ('sys_unlinkat', 'flags'): 'at',
         ('sys_close_range', 'flags'): 'range'}
HEX = {'effective', 'permitted', 'inheritable', 'persona'}
OCTAL = {'mode', 'mask'}
# Addresses and sizes say nothing; what `fds` counts is written by itself.
SILENT = {'size', 'length', 'count', 'argc'}


class Function:
    def __init__(self, text):
        match = PROTOTYPE.fullmatch(text)
        if not match:
            sys.exit(f'wrap.py: not a plain prototype: {text}')
        self.type = match['type'].strip()
        self.name = match['name']
        self.attribute = match['attribute'] or ''
        self.params = []
        args = match['args'].strip()
        for arg in args.split(',') if args != 'void' else []:
            part = PARAMETER.fullmatch(arg.strip())
            self.params.append((part['type'].strip(), part['name'],
                                part['array'] or ''))

    def declare(self, name):
        params = ', '.join(f'{t}{"" if t.endswith("*") else " "}{n}{a}'
                           for t, n, a in self.params) or 'void'
        space = '' if self.type.endswith('*') else ' '
        return f'{self.type}{space}{name}({params})'

    def call(self, name):
        return f'{name}({", ".join(n for _, n, _ in self.params)})'

    def text(self):
        """The argument that tells most: the first text, or NULL."""
        return next((n for t, n, _ in self.params if t == 'const char *'),
                    'NULL')


def read(headers):
    """Every function of HEADERS once, in order."""
    functions = {}
    for header in headers:
        with open(header, encoding='ascii') as file:
            text = file.read()
        text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.DOTALL)
        text = re.sub(r'^\s*#.*$', ' ', text, flags=re.MULTILINE)
        text = re.sub(r'struct \w+\s*\{[^}]*\};', ' ', text)
        for item in text.split(';'):
            item = ' '.join(item.split())
            if item and not re.fullmatch(r'struct \w+', item):
                function = Function(item)
                functions.setdefault(function.name, function)
    return functions.values()


def includes(headers, own):
    lines = [f'#include "{own}"', '']
    lines += [f'#include "sys/{h.rsplit("/", 1)[1]}"' for h in headers]
    return lines + ['']


def write_rename(functions):
    lines = ['#pragma once', '']
    lines += [f'#define {f.name} real_{f.name}' for f in functions]
    return lines


def fault_body(function):
    real = function.call('real_' + function.name)
    due = f'fault_due("{function.name[4:]}", {function.text()})'
    if function.name == 'sys_clone':
        return [f'\tint fault = {due};', '\tint actor = fault_next_actor();',
                f'\t{function.type} result;', '',
                '\tif (fault)', '\t\treturn fault;',
                f'\tresult = {real};', '\tif (result == 0)',
                '\t\tfault_become(actor);', '\treturn result;']
    if function.name in DONE_FIRST:
        return [f'\t{function.type} result = {real};',
                f'\tint fault = {due};', '',
                '\treturn fault ? fault : result;']
    return [f'\tint fault = {due};', '', '\tif (fault)', '\t\treturn fault;',
            f'\treturn {real};']


def write_fault(functions, headers):
    lines = includes(headers, 'tests/fault/fault.h')
    for function in functions:
        if function.name in SURE:
            call = function.call('real_' + function.name)
            give = '' if function.type == 'void' else 'return '
            body = [f'\t{give}{call};']
        else:
            body = fault_body(function)
        lines += [function.declare('real_' + function.name) +
                  function.attribute + ';', '',
                  function.declare(function.name), '{', *body, '}', '']
    return lines


def note_argument(function, kind, name, array):
    words = WORDS.get((function.name, name))
    if words:
        return f'note_words({words}_words, (uint64_t){name});'
    if kind == 'const void *' and name == 'bytes':
        return 'note_bytes(bytes, size);'
    if kind == 'const int *' and name == 'fds':
        return 'note_fds(fds, count);'
    if kind == 'const gid_t *':
        return 'note_ids(groups, count);'
    if name in SILENT or name.startswith('ret_') or name == 'buffer':
        return None
    if kind == 'const char *':
        return f'note_text({name});'
    if kind.startswith('char *const'):
        return f'note_list({name});'
    if kind.endswith('*') or array:
        return None
    if name in DESCRIPTORS:
        return f'note_fd({name});'
    if kind == 'dev_t':
        return f'note_device({name});'
    if kind in ('uid_t', 'gid_t'):
        return f'note_number((int){name});'
    if name in HEX:
        return f'note_hex((uint64_t){name});'
    if name in OCTAL:
        return f'note_octal((unsigned int){name});'
    return f'note_number((long long){name});'


def write_fake(functions, headers):
    lines = includes(headers, 'tests/trace/notes.h')
    for function in functions:
        fake = function.declare('fake_' + function.name[4:])
        lines += [fake + function.attribute + ';', '']
        if function.type != 'void':
            lines += ['__attribute__((weak)) ' + fake, '{',
                      '\treturn 0;', '}', '']
        lines += [function.declare(function.name), '{']
        lines.append(f'\tnote_begin("{function.name[4:]}");')
        for param in function.params:
            argument = note_argument(function, *param)
            if argument:
                lines.append('\t' + argument)
        call = function.call('fake_' + function.name[4:])
        if function.type == 'void':
            lines += ['\tnote_end(0);', f'\t{call};']
        else:
            lines += [f'\treturn ({function.type})note_end({call});']
        lines += ['}', '']
    return lines


def main():
    mode, headers = sys.argv[1], sys.argv[2:]
    functions = read(headers)
    if mode == 'rename':
        lines = write_rename(functions)
    elif mode == 'fault':
        lines = write_fault(functions, headers)
    else:
        lines = write_fake(functions, headers)
    print('/* SPDX-License-Identifier: Apache-2.0 */')
    print('/* Written by tests/fault/wrap.py from the headers of sys/. */')
    print('\n'.join(lines))


if __name__ == '__main__':
    main()
