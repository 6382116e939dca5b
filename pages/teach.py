"""Teach: a few painted photos make a network that knows one's own classes."""

import streamlit as st

from seg.app import entry
from seg.app.limits import limits
from seg.app.parts import teach_keep, teach_lesson, teach_photos, teach_why

entry.required()
if not limits().training:
    st.info("Whoever runs this app has switched off teaching, as all training, for visitors.", icon=":material/info:")
    st.stop()
teach_photos.open_example()
desk = teach_photos.desk()

if not desk.photos:
    teach_photos.welcome()
    st.stop()

teach_photos.say_what_is_wrong()
teach_lesson.show(desk)
teach_lesson.watch(desk)
if desk.taught is None:
    st.stop()

st.header("Keep it")
teach_keep.show(desk)

st.header("Why do a few photos do?")
teach_why.show(desk)
