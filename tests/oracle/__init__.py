"""The plant against independent programs that compute the same thing another way.

Must not know: anything of device_emulators/plant/network.py and its neighbours but their results.
What an oracle works from is the site file, read here by code of its own.

Add here: a comparison with a program or a table that others trust, with the tolerance that the two
owe each other and the reason for what is left between them.
"""
