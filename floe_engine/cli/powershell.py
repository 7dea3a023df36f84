"""Completion for PowerShell, which click does not know: its script, and the words for it."""

from __future__ import annotations

import os

from click.shell_completion import CompletionItem, ShellComplete, add_completion_class, split_arg_string

_SCRIPT = """\
Register-ArgumentCompleter -Native -CommandName %(prog_name)s -ScriptBlock {
    param($word, $line, $cursor)
    $before = $env:%(complete_var)s, $env:COMP_WORDS, $env:COMP_CWORD
    try {
        $text = $line.ToString()
        $env:%(complete_var)s = 'powershell_complete'
        $env:COMP_WORDS = $text.Substring(0, [Math]::Min($cursor - $line.Extent.StartOffset, $text.Length))
        $env:COMP_CWORD = $word
        %(prog_name)s | ForEach-Object {
            $kind, $value, $help = $_ -split "`t", 3
            if ($kind -eq 'plain') {
                [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $help)
            }
        }
    } finally {
        $env:%(complete_var)s, $env:COMP_WORDS, $env:COMP_CWORD = $before
    }
}
"""


class PowerShell(ShellComplete):
    """A line for each value: its kind, the value and what it is, with tabs between.

    For files PowerShell completes by itself where nothing is offered.
    """

    name = "powershell"
    source_template = _SCRIPT

    def get_completion_args(self) -> tuple[list[str], str]:
        """The whole words before the one that is being typed, and that one."""
        begun = os.environ["COMP_CWORD"]
        words = split_arg_string(os.environ["COMP_WORDS"])
        return (words[1:-1] if begun and words and words[-1] == begun else words[1:]), begun

    def format_completion(self, item: CompletionItem) -> str:
        """One value as a line; a tooltip may not be empty."""
        return f"{item.type}\t{item.value}\t{item.help or item.value}"


add_completion_class(PowerShell)
