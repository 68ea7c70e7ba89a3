// What stands for these symbols in the library: where there are none, those that compilers of `using` take instead.
export const asyncDispose = Reflect.get(Symbol, 'asyncDispose') ?? Symbol.for('Symbol.asyncDispose');
export const syncDispose = Reflect.get(Symbol, 'dispose') ?? Symbol.for('Symbol.dispose');
