// Values of these symbols in the library. Without Node's own, those that compilers of `using` fall back to.
export const asyncDispose = Reflect.get(Symbol, 'asyncDispose') ?? Symbol.for('Symbol.asyncDispose');
export const syncDispose = Reflect.get(Symbol, 'dispose') ?? Symbol.for('Symbol.dispose');
