"""A command line with two commands, called from here."""

import click
from click.testing import CliRunner


@click.group()
def shop():
    pass


@shop.command()
@click.argument("name")
@click.option("--count", default=1)
def order(name, count):
    click.echo(f"{count} x {name}")


@shop.command()
def fail():
    raise click.ClickException("sold out")


for words in (["order", "pen", "--count", "3"], ["fail"]):
    result = CliRunner().invoke(shop, words)
    print(result.output, result.exit_code)
