"""What has to become of the shared collection of hostile files, by the first word of each name.

``kept`` footage is used, ``flagged`` footage, too, but its ``decoded_ratio`` is below 0.95; all else is a reason. Where
two are given, which damage the seeded bit flips do depends on the encoder that made the file.

Differs from the collection's own proposal, on purpose: ``t07`` is ``truncated`` (its index is lost), not just no media;
``b04`` and ``b05`` are turned away as pictures before their size is read; ``m01`` and ``m04`` lie about their length,
so the frames, each at its own time, are used; ``h20`` is a real AVI without a frame in it; ``t16``
is kept unflagged, because a fragmented file does not say how much of it there should be.
"""

_OUTCOMES = {
    "kept": "ok t09 t10 t13 t14 t15 t16 t19 t20 p01 p02 p03 p05 p06 p07 p08 p09 p11 p12 p13 f01 f02 f03 f04 f05 f07 "
    "f08 f09 f10 f12 f14 m01 m02 m04 m06 m14 m15 m18 m19 m20 m21 x01 x02 x03 x04 x05",
    "flagged": "t08 t11 t12 m03 m07 m16",
    "empty_file": "t01",
    "not_media": "t02 t03 t04",
    "download_error_page": "t05 t06",
    "playlist_forbidden": "h01 h02 h03 h04 h05 h06 h07 h08 h09 h10 h11 h12 h13 h14 h15 h16 h17 h18 h19 h21 h22 h23 h24",
    "format_not_allowed": "t21 t22 p10 b03 b04 b05",
    "no_video_stream": "t17 t18",
    "unsupported_codec": "m09",
    "encrypted": "f13",
    "too_small": "f06",
    "too_many_pixels": "b01 b02",
    "undecodable": "m11 m12",
    "no_frames": "m08 h20",
    "no_frames|undecodable|flagged": "m17",
    "truncated": "t07 b06 m13",
    "timestamps": "p04 m05",
    "size_change": "f11",
    "decode_budget": "m10 m22",
    "path_forbidden|missing": "link",
    "not_a_file": "dir fifo",
}
GOLDEN = {word: outcome for outcome, words in _OUTCOMES.items() for word in words.split()}
