// Undefines the field macros of ops.def. Each includer of ops.def defines its own.
#undef OUT
#undef SLOT
#undef U32
#undef U64
#undef STRING
#undef BLOB
#undef STRINGS
#undef NUMBERS
