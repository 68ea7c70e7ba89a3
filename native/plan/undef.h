// Takes back the field macros of ops.def, so that each reader of the list can give them its own meaning.
#undef OUT
#undef SLOT
#undef U32
#undef U64
#undef STRING
#undef BLOB
#undef STRINGS
#undef NUMBERS
