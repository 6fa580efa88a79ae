"""The one way a normaliser says no: a message id with its parameters, ready to be shown at a field."""


class Bad(ValueError):
    """A raw value that has no canonical form.

    `msgid` is an English sentence with `{name}` places for `params`; callers translate it and add the field.
    """

    def __init__(self, msgid: str, **params: object) -> None:
        super().__init__(msgid.format(**params))
        self.msgid = msgid
        self.params = params
