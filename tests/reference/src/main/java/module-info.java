/** Every kernel of the family as the plain loops of its definition: what backends are compared with. */
module org.lathe.reference {
  requires transitive org.lathe.hal;
  requires static org.jspecify;

  exports org.lathe.reference;
}
