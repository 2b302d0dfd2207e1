"""The grammar of a prompt, one module per stage, in the order they run.

1. `normalize`: convert smart quotes, full-width characters and special spaces to ASCII
2. `expand_options`: replace a member's custom options with their values
3. `permutations`: turn `{a, b}` sets into one text per job
4. `extract_parameters`: find `--name value`; `values` parses each value by its kind, `raw_parameter` says what is wrong
5. `precedence`: decide between repeated parameters, and make the parts of `--no`
6. `image_urls`: extract picture links and their weights
7. `parts`: split at `::` into weighted parts; `attention` reads the weights in brackets

`spans` maps every character back to where it was typed, `suggest` finds similar names, `numbers` reads and writes
numbers. `engine.prompt.parser` runs stages 1 to 3, `engine.prompt.job` the others for each text.
"""
