"""Where and when it thunders, and what the instrument sees of it.

storms   storms of an hour
places   where lightning is common
pixels   the pixels of the instrument
"""
