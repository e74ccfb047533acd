"""Keeps orders in SQLite through SQLAlchemy, by its core and its ORM."""

from sqlalchemy import ForeignKey, create_engine, exc, select, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list["Line"]] = relationship()


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    name: Mapped[str]


engine = create_engine("sqlite://")
Base.metadata.create_all(engine)
with Session(engine) as session:
    session.add(Order(lines=[Line(name="pen"), Line(name="ink")]))
    session.commit()
    print([line.name for line in session.scalars(select(Order)).one().lines])
with engine.connect() as connection:
    print(connection.execute(text("SELECT count(*) FROM lines")).scalar())
    try:
        connection.execute(text("SELECT nothing FROM nowhere"))
    except exc.OperationalError as error:
        print(type(error).__name__)
