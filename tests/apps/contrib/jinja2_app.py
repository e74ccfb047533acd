"""Renders templates."""

from jinja2 import DictLoader, Environment, Template, UndefinedError

pages = Environment(loader=DictLoader({"base": "<{% block b %}{% endblock %}>", "page": "{% extends 'base' %}{% block b %}{{ n }}{% endblock %}"}))
print(pages.get_template("page").render(n=1))
print(Template("{{ a }}").render(a=2))
print("".join(pages.from_string("{% for i in n %}{{ i }}{% endfor %}").generate(n=[1, 2])))
try:
    Template("{{ a.b.c }}").render()
except UndefinedError as error:
    print(error)
