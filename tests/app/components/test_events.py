"""What arrives when the visitor is on another page already is let go without a word."""

from streamlit.testing.v1 import AppTest


def test_what_a_component_that_is_gone_has_told_is_not_taken():
    def script():
        import streamlit as st

        from seg.app.components.events import when_told

        st.button("it arrives", on_click=when_told("gone", "look", lambda told: st.session_state.update(taken=told)))

    app = AppTest.from_function(script).run()
    app.button[0].click().run()
    assert not app.exception
    assert "taken" not in app.session_state


def test_what_a_component_tells_is_taken():
    def script():
        import streamlit as st

        from seg.app.components.events import when_told

        st.session_state["here"] = {"look": "zoom=2"}
        st.button("it arrives", on_click=when_told("here", "look", lambda told: st.session_state.update(taken=told)))

    app = AppTest.from_function(script).run()
    app.button[0].click().run()
    assert app.session_state.taken == "zoom=2"


def test_a_fragment_that_is_gone_is_not_drawn_again():
    def script():
        import streamlit as st

        from seg.app.parts.runs import draw_again

        st.button("it is due", on_click=draw_again, args=("gone",))

    app = AppTest.from_function(script).run()
    app.button[0].click().run()
    assert not app.exception


def test_a_fragment_that_stands_is_drawn_again_and_nothing_else():
    def script():
        import streamlit as st

        from seg.app.parts.runs import draw_again

        @st.fragment(key="part")
        def part():
            st.session_state.parts = st.session_state.get("parts", 0) + 1

        st.session_state.wholes = st.session_state.get("wholes", 0) + 1
        part()
        st.button("it is due", on_click=draw_again, args=("part",))

    app = AppTest.from_function(script).run()
    app.button[0].click().run()
    assert (app.session_state.parts, app.session_state.wholes) == (2, 1)
