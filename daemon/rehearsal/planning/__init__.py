"""Large sites from a small one: the reference AI hall, repeated as power blocks.

`blocks` scales and renames the shipped hall, `intake` joins blocks to the grid, `generate` makes a
site of a demand that is asked for, and `writing` lays it out as a file that people can go on with.
A block is the hall itself, so what is improved there is improved here.

Must not know: devices, drivers, the controllers. It writes a file; `daemon.settings` judges it.

Add here: another way to build a site from modules, as a file of its own.
"""
